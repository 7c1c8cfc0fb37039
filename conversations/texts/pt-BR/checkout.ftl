checkout-charging-wait = Estou gerando seu Pix, só um instante…
checkout-checking-wait = Estou conferindo com o banco, só um instante…
checkout-renewing-wait = Estou gerando um novo código, só um instante…
checkout-preparing-wait = Estou preparando seu contrato, só um instante…
checkout-sealing-wait = Estou registrando sua assinatura…
checkout-approving-wait = Estou preparando sua carteirinha, já te mando 💚
checkout-paying = *Passo { $step } de { $steps }* · O pagamento: { $amount } por Pix

    Aponte a câmera do app do banco para o QR code, ou copie o código da próxima mensagem e escolha *Pix Copia e Cola*. Vale até { $until }.

    Assim que o banco confirmar, aviso aqui. Depois é só assinar o contrato.
checkout-paying-bubble = *Passo { $step } de { $steps }* · O pagamento: { $amount } por Pix

    Toque no botão abaixo para copiar o código, ou aponte a câmera do app do banco para o QR code. Vale até { $until }.

    Assim que o banco confirmar, aviso aqui. Depois é só assinar o contrato. Precisa de um novo código? Escreva *novo código*.
checkout-bubble-paid = Recebi seu Pix de *{ $amount }*, obrigado! 💚
checkout-option-check = Já paguei
checkout-option-renew = Novo código
checkout-option-show = Ver o código
checkout-option-again = Tentar de novo
payment-noted = Recebi seu Pix 💚 Ele já vale para o seu cadastro. Quando quiser continuar por aqui, escreva *menu*.
checkout-unpaid = O banco ainda não me avisou do seu Pix. Costuma levar alguns segundos.

    Assim que chegar eu aviso. O que prefere fazer?
checkout-expired = Esse código venceu sem pagamento. Quer que eu gere um novo?
checkout-short = Recebi uma parte, obrigado! Ainda faltam *{ $missing }*. Posso gerar o Pix do que falta.
checkout-awaiting_staff = Obrigado! Nossa equipe vai conferir o pagamento e eu te aviso por aqui.
checkout-trouble = Não consegui gerar o Pix agora: o banco não respondeu. Nada foi cobrado.
checkout-contract = { $paid ->
    [yes] Pagamento confirmado ✅ Falta só assinar!
   *[no] Falta só assinar! ✍️
}

    { $summary }

    O contrato completo está no PDF acima (código { $fingerprint }). Leia com calma. Ao tocar em *Li e quero assinar*, mando um código para o seu e-mail: digitá-lo aqui vale como sua assinatura.
contract-filename = contrato-{ $number }.pdf
checkout-contract-again = O contrato está no PDF acima. Podemos assinar?
checkout-contract-help = Leia o PDF acima. Se concordar, toque em *Li e quero assinar*. Se tiver dúvida, chame a equipe.
checkout-option-sign = Li e quero assinar
checkout-option-doubt = Tenho uma dúvida
checkout-no_paper = Não consegui preparar o contrato agora. Já avisei a equipe.
checkout-welcome-plain = Bem-vindo(a), { $first_name }! 🎉 Sua carteirinha { $number } já está valendo: mostre o QR code nos parceiros.

    { $card_url }

    Daqui em diante, é só escrever *menu*.
checkout-welcome = { checkout-welcome-plain } Quer receber novidades e ofertas por aqui?
checkout-offers-thanks = Combinado! 💚 Para parar de receber, é só escrever *parar*.
checkout-unpaid-again = O que prefere fazer?
checkout-asked = { error-pix } Se quiser outro plano, escreva *outro plano*.

    { checkout-unpaid-again }
checkout-asked-again = { checkout-unpaid-again }
checkout-conflict-again = A equipe pode ajudar com o acesso e com a devolução.
checkout-option-offers_yes = Sim, quero
checkout-option-offers_no = Agora não
checkout-conflict = Esse CPF já virou membro por outro cadastro. Seu pagamento será devolvido. A equipe pode ajudar com o acesso.

verification-code-identity = Enviei um código de 6 números por { $channel } para *{ $recipient }*. Ele vale 5 minutos.

    Digite o código aqui.
verification-code-signature = Enviei o código de assinatura por { $channel } para *{ $recipient }*. Ele vale 5 minutos e só serve para este contrato ({ $fingerprint }).

    Digite o código aqui para assinar.
verification-code-recovery = Se houver um cadastro, o código chega por { $channel } em *{ $recipient }* e vale 5 minutos.

    Digite o código aqui.
verification-code-help = Procure o e-mail também no spam. Se não chegou, toque em *Reenviar código*.
verification-wrong = Esse código não vale. Confira os 6 números e digite de novo, ou peça outro.
verification-code-identity-again = Digite aqui o código que enviei por { $channel } para *{ $recipient }*.
verification-code-signature-again = Digite aqui o código de assinatura que enviei por { $channel } para *{ $recipient }*.
verification-code-recovery-again = Digite aqui o código que chegou por { $channel } em *{ $recipient }*.
verification-wait = Acabei de enviar um código. Se não chegar, peça outro em { $seconds } segundos. Se já recebeu, digite aqui.
verification-expired = O código que enviei já venceu: ele vale por 5 minutos. Toque em *Reenviar código* e mando outro.
verification-burned = Foram muitas tentativas e esse código não vale mais. Posso enviar outro.
verification-resting = Enviei vários códigos e, por segurança, preciso esperar um pouco antes de mandar outro. Se o último chegou, digite aqui. Se não, tente mais tarde ou fale com a equipe.
verification-unreachable = Não consegui enviar o código por { $channel }.
verification-option-resend = Reenviar código
    .heard = não chegou | não chegou nada | código não chegou | não chegou código | email não chegou | e-mail não chegou | não recebi | não recebi nada | não recebi código | não recebi email | não recebi e-mail | não veio | não veio nada | manda de novo | mande de novo | mandar de novo | envia de novo | envie de novo | enviar de novo | manda outro | manda outro código | outro código | novo código | reenvia | reenvie | reenviar | cadê código
verification-option-other = Enviar de outro jeito
verification-option-change = Corrigir e-mail
    .heard = email errado | e-mail errado | errei email | errei e-mail | email não é meu | e-mail não é meu | mudar email | mudar e-mail | trocar email | trocar e-mail | outro email | outro e-mail | corrigir
channel-email = e-mail
channel-sms = SMS
channel-whatsapp = WhatsApp

mail-code-identity-subject = { $business }: seu código de confirmação
mail-code-identity-body = Olá!

    Seu código de confirmação é: { $code }

    Digite-o na conversa do WhatsApp. Ele vale { $minutes } minutos. Não compartilhe com ninguém.

    Se você não pediu este código, ignore este e-mail.

    { $business }
mail-code-signature-subject = { $business }: código para assinar seu contrato
mail-code-signature-body = Olá!

    Seu código para ASSINAR o contrato { $fingerprint } é: { $code }

    Ao digitá-lo na conversa do WhatsApp você assina o contrato cujo código começa com { $fingerprint }. Ele vale { $minutes } minutos. Não compartilhe com ninguém.

    Se você não pediu este código, ignore este e-mail.

    { $business }
mail-code-recovery-subject = { $business }: código para recuperar seu acesso
mail-code-recovery-body = Olá!

    Seu código para recuperar o acesso é: { $code }

    Digite-o na conversa do WhatsApp. Ele vale { $minutes } minutos. Não compartilhe com ninguém.

    Se você não pediu este código, ignore este e-mail: ninguém teve acesso a nada.

    { $business }
mail-human-called-subject = { $business }: alguém quer falar com a equipe
mail-human-called-body = { $has_name ->
    [no] Uma pessoa
   *[yes] { $name }
} pediu para falar com alguém da equipe{ $reason ->
    [privacy] {" "}sobre os próprios dados (LGPD): a lei dá prazo para responder.
   *[other] {"."}
}

    { $has_link ->
        [yes] Responda pelo WhatsApp: { $link }
       *[no] Essa pessoa não mostra o número de telefone: responda pelo número da empresa.
    }
mail-notice-subject = { $business }: { $count ->
    [one] 1 aviso do balcão
   *[other] { $count } avisos do balcão
}
mail-notice-body = Olá, equipe!

    Isto aconteceu no balcão e merece um olhar:

    { $lines }

    Para ver todos os avisos: balcao notices
    Para saber de quem se trata: balcao notices --who NÚMERO
    Para marcar um como resolvido: balcao notices --resolve NÚMERO
notice-kind = { $kind ->
    [turn_parked] Uma mensagem não pôde ser tratada
    [delivery_dead] Um envio foi abandonado
    [delivery_failed] O WhatsApp não entregou uma mensagem
    [delivery_late] Uma resposta esperou demais e não foi enviada
    [channel_away] O WhatsApp não aceita mensagens; as respostas esperam
    [bank_away] O banco não responde; as consultas continuam
    [channel_stopped] O número do WhatsApp parou de enviar
    [contact_unreachable] Uma pessoa não pode ser alcançada
    [codes_exhausted] Os códigos do dia acabaram
    [pix_awaiting_staff] Pix a conferir no extrato e confirmar à mão
    [pix_failed] O banco recusou uma cobrança Pix
    [pix_late] Pix pago fora do prazo
    [pix_partial] Pix pago a menos
    [pix_excess] Pix pago a mais
    [pix_duplicate] Pix pago em dobro
    [pix_unknown] O banco não conhece uma cobrança nossa
    [pix_mismatch] A resposta do banco não bate com a cobrança
    [pix_not_ours] Um Pix que não é nosso
    [pix_foreign] Resposta do banco sobre a cobrança de outra pessoa
    [pix_claimed_twice] O mesmo Pix em dois cadastros
    [pix_taken_back] O banco retirou um Pix já pago
    [refund_by_hand] Devolução a fazer à mão no banco
    [refund_failed] O banco não fez uma devolução
    [money_returned] Um pagamento foi devolvido
    [cpf_taken_at_approval] Dois cadastros com o mesmo CPF
    [plan_overcrowded] Pago, mas há mais dependentes do que o plano aceita
    [account_account_update] A Meta mudou a situação da conta do WhatsApp
    [account_account_alerts] Alerta da Meta sobre a conta do WhatsApp
    [account_phone_number_quality_update] A qualidade do número do WhatsApp mudou
    [account_message_template_status_update] Um modelo de mensagem mudou de situação
    [contract_missing] Falta o contrato
    [consent_text_missing] Falta um texto de consentimento
   *[other] { $kind }
}
sms-code-identity = { $business }: seu codigo e { $code }. Vale { $minutes } min. Nao compartilhe.
sms-code-signature = { $business }: codigo { $code } para assinar o contrato { $fingerprint }. Vale { $minutes } min. Nao compartilhe.
sms-code-recovery = { $business }: codigo { $code } para recuperar seu acesso. Vale { $minutes } min. Nao compartilhe.
